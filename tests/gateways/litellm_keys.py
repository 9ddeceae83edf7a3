"""Whose key it is. LiteLLM loads this file, in a Python of its own, and asks it at each request."""

import json
import os

from litellm.proxy._types import UserAPIKeyAuth

OWNERS = json.loads(os.environ["OWNERS_OF_KEYS"])


async def user_api_key_auth(request: object, api_key: str) -> UserAPIKeyAuth:
    """Return who calls, as LiteLLM's own database would."""
    if api_key not in OWNERS:
        raise PermissionError("There is no such key.")
    return UserAPIKeyAuth(api_key=api_key, user_id=OWNERS[api_key], key_alias=f"key of {api_key}")
