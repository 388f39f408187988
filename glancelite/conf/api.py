# SPDX-License-Identifier: Apache-2.0
"""Options of the API: links, pages, what is shown, property protections."""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.URIOpt(
        'public_endpoint', schemes=['http', 'https'],
        help='The URL under which clients reach this service, written into '
             'the version documents. Unset, the address of the request is '
             'used, as it always is in Location headers. Set it when a proxy '
             'in front does not pass on the host and scheme that clients '
             'see.'),
    cfg.IntOpt(
        'limit_param_default', default=25, min=1,
        help='Images on a page of a list when the request names no limit. '
             'Larger pages mean fewer requests and larger answers.'),
    cfg.IntOpt(
        'api_limit_max', default=1000, min=1,
        help='Most images on a page, whatever limit the request names. It '
             'bounds the size of one answer.'),
    cfg.BoolOpt(
        'show_image_direct_url', default=False,
        help='Show the address of the image data in the store as direct_url. '
             'The address may hold what users should not know; set it only '
             'where clients such as Nova clone images in the store.'),
    cfg.BoolOpt(
        'show_multiple_locations', default=False,
        help='Show the locations of an image and let PATCH change them, as '
             'far as the location policies allow. Needed by services that '
             'register data they stored themselves.'),
    cfg.StrOpt(
        'property_protection_file',
        help='File of rules for who may create, read, update and delete '
             'which image properties. Unset, properties are not protected. '
             'A relative name is looked for beside the configuration files.'),
    cfg.StrOpt(
        'property_protection_rule_format', default='roles',
        choices=[('roles', 'the rules list role names'),
                 ('policies', 'the rules name policy rules')],
        help='What the rules of property_protection_file list.'),
    cfg.StrOpt(
        'schema_image_file', default='schema-image.json',
        help='JSON file of property definitions added to the image schema. '
             'A relative name is looked for beside the configuration files; '
             'when it is missing nothing is added.'),
    cfg.BoolOpt(
        'allow_anonymous_access', default=False,
        help='With delayed authentication, treat requests without a valid '
             'token as an anonymous caller without roles, who sees what '
             'policy lets anybody see. Off, they are answered 401.'),
    cfg.IntOpt(
        'max_request_id_length', default=64, min=0,
        help='Longest request id, in characters, taken over from the '
             'x-openstack-request-id header of a request.'),
    cfg.IntOpt(
        'healthcheck_timeout', default=5, min=1,
        help='Seconds that /healthcheck gives the database and the stores, '
             'where it asks them (backends glancelite_database and '
             'glancelite_stores). Keep it below what the load balancer '
             'waits.'),
    cfg.IntOpt(
        'max_json_body_size', default=1024 * 1024, min=1024,
        help='Largest JSON request body in bytes; a larger one is answered '
             '413. Image data is not concerned.'),
]
