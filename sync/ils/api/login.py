"""Who we are: ILS_API_KEY and ILS_API_SECRET for a token that serves a while."""

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlencode

from access_service.settings import secret
from sync.ils.api.caller import TAKEN, Api, LogIn

KEY, SECRET = "ILS_API_KEY", "ILS_API_SECRET"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def client_credentials(path: str, *, basic: bool) -> LogIn:
    """OAuth 2's client credentials at `path`: in the header where `basic`, else in the form."""

    def log_in(api: Api) -> Mapping[str, str]:
        key, word = secret(KEY), secret(SECRET)
        form = {"grant_type": "client_credentials"} | ({} if basic else {"client_id": key, "client_secret": word})
        who = {"Authorization": f"Basic {b64encode(f'{key}:{word}'.encode()).decode()}"} if basic else {}
        answer = api.send("POST", path, urlencode(form).encode(), {**FORM, **who})
        token = answer.body.get("access_token") if isinstance(answer.body, dict) else None
        if answer.status not in TAKEN or not _is_token(token):
            # Its words could say the secret again.
            raise api.trouble(
                f"no token for {KEY} and {SECRET} (HTTP {answer.status}); check both, and [ils.delivery] url."
                " It is not tried again tonight, so that the key is not locked"
            )
        return {"Authorization": f"Bearer {token}"}

    return log_in


def _is_token(token: object) -> bool:
    return isinstance(token, str) and token.isascii() and token.isprintable() and token != ""
