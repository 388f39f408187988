# SPDX-License-Identifier: Apache-2.0
"""Options of the standalone server, glancelite-api."""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.HostAddressOpt(
        'bind_host', default='127.0.0.1',
        help='Address the standalone server listens on. Pipelines without '
             'authentication listen on loopback addresses only, unless '
             '[noauth] allow_remote is set.'),
    cfg.PortOpt('bind_port', default=9292,
                help='TCP port the standalone server listens on.'),
    cfg.IntOpt(
        'backlog', default=4096, min=1,
        help='Connections the kernel keeps waiting for the server. Raise it '
             'where bursts of clients are refused.'),
    cfg.IntOpt(
        'workers', default=1, min=0,
        help='Processes that serve requests; 0 means one per processor. '
             'Image digests use native threads, so one worker can keep '
             'several processors busy with uploads.'),
    cfg.IntOpt(
        'client_socket_timeout', default=900, min=0,
        help='Seconds a client may send or take nothing before its '
             'connection is closed. 0 waits for ever, which lets slow '
             'clients hold connections.'),
    cfg.IntOpt(
        'max_header_line', default=16384, min=1024,
        help='Longest header line in bytes. Large Keystone tokens need more '
             'than the default.'),
    cfg.BoolOpt(
        'http_keepalive', default=True,
        help='Keep connections open between requests.'),
    cfg.IntOpt(
        'server_concurrency', default=1000, min=1,
        help='Connections one worker serves at a time.'),
    cfg.IntOpt(
        'graceful_shutdown_timeout', default=60, min=0,
        help='Seconds a stopping worker lets running transfers go on.'),
]
