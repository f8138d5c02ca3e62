"""One request to a forge's API, as the tests send it."""

import json
import urllib.error
import urllib.request


def send(url, method, path, body=None, token="owner-token", headers=None):
    """Status, body and header fields of the answer, whatever its status. A body that is no bytes is
    sent as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read(), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers
