# SPDX-License-Identifier: Apache-2.0
"""Who asks: user, project, roles and request id of one request."""
from oslo_context import context


class RequestContext(context.RequestContext):
    """The oslo context, with what the image service asks of it.

    ``is_admin`` is decided by policy (rule ``context_is_admin``), not taken
    from the request.
    """

    @property
    def owner(self):
        """:returns: the project id that images created here belong to."""
        return self.project_id

    def policy_credentials(self):
        """:returns: the credentials dict for policy, made once."""
        if '_credentials' not in self.__dict__:
            self._credentials = self.to_policy_values()
            # The name that rules have for it.
            if self.system_scope:
                self._credentials['system'] = self.system_scope
        return self._credentials


def of_service(project_id=None, user_id=None):
    """:returns: the service's own context, for what no request asks for.

    :param project_id: of whom it is done for, if of anybody.
    :param user_id: the same.
    """
    made = RequestContext(
        overwrite=False, project_id=project_id, user_id=user_id,
        request_id=context.generate_request_id())
    made.is_admin = True
    return made


def outgoing_fields(request_id=None):
    """:returns: header fields that every request to another service of the
        cloud bears, so that one id leads through all logs.

    :param request_id: of the request that it is for; by default that of the
        one which this thread is at.
    """
    current = context.get_current()
    request_id = request_id or (current and current.global_id)
    return {'X-Openstack-Request-Id': request_id} if request_id else {}
