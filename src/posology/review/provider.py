"""The hospital's OpenID provider: where it is, the exchange of a code, and identity tokens that hold."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from posology.addresses import Address
from posology.config import OpenId
from posology.errors import EngineError, NotAllowed

__all__ = ["Flow", "Identity", "Provider"]

_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")  # signatures of a key pair only
_TIMEOUT_S, _LARGEST = 10.0, 1_000_000
_FRESH_S = 3600.0  # how long keys and addresses are kept
_LEEWAY_S = 60


@dataclass(frozen=True, slots=True, repr=False)
class Flow:
    """A sign-in under way: what the answer must carry, and where to go on."""

    state: str
    nonce: str
    verifier: str
    target: str
    began_us: int
    session: str = ""  # public name of the session that proves again who it is; "": a new sign-in

    def __repr__(self) -> str:
        """Show none of the secrets."""
        return "Flow()"


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """Who the provider says somebody is."""

    subject: str  # issuer and subject, never given to another person
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Identity()"


@dataclass
class Provider:
    """One provider. ``address_of`` checks and pins each address before anything is sent there."""

    openid: OpenId
    secret: str
    return_url: str
    address_of: Callable[[str], Address]
    now: Callable[[], float] = time.time
    _kept: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    def authorize_url(self, flow: Flow) -> str:
        """Return where the browser goes to sign in."""
        asked = {
            "response_type": "code",
            "client_id": self.openid.client_id,
            "redirect_uri": self.return_url,
            "scope": "openid profile email",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": create_s256_code_challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        if flow.session:
            asked |= {"prompt": "login", "max_age": "0"}
        address = self._endpoint("authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def identify(self, flow: Flow, code: str) -> Identity:
        """Exchange a code for an identity whose token is signed, ours, fresh, and an answer to this flow."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.return_url}
        form |= {"code_verifier": flow.verifier, "client_id": self.openid.client_id}
        answer = self._send("POST", self._endpoint("token_endpoint"), self._authentication(), form)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or not isinstance(access, str):
            raise NotAllowed("the provider gave no identity; begin again")
        claims = self._verified(token, flow)
        return Identity(f"{claims['iss']} {claims['sub']}", {**self._more(access, claims["sub"]), **claims})

    def _authentication(self) -> dict[str, str]:
        if not self.secret:
            return {}
        pair = f"{quote_plus(self.openid.client_id)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _more(self, access: str, subject: str) -> dict[str, Any]:
        """Return the claims that the provider keeps outside its token."""
        if not self._metadata().get("userinfo_endpoint"):
            return {}
        headers = {"Authorization": f"Bearer {access}"}
        claims = self._send("GET", self._endpoint("userinfo_endpoint"), headers)
        if claims.get("sub") != subject:
            raise NotAllowed("the provider speaks of two persons at once; begin again")
        return claims

    def _verified(self, token: str, flow: Flow) -> dict[str, Any]:
        try:
            claims = dict(jwt.decode(token, self._keys(), list(_ALGORITHMS)).claims)
        except (JoseError, ValueError):
            self._kept.pop("jwks", None)  # the provider may have changed its keys: the next try reads them
            raise NotAllowed("the provider's token is not signed by its keys; begin again") from None
        fault = self._fault(claims, flow)
        if fault:
            raise NotAllowed(f"the provider's token {fault}; begin again")
        return claims

    def _fault(self, claims: Mapping[str, Any], flow: Flow) -> str:
        now, began = self.now(), flow.began_us / 1_000_000
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        others = len(audiences) > 1 or "azp" in claims
        proved = _number(claims.get("auth_time"))
        rules = (
            (claims.get("iss") == self.openid.issuer, "comes from another issuer"),
            (isinstance(claims.get("sub"), str) and claims["sub"] != "", "names nobody"),
            (self.openid.client_id in audiences, "is meant for another application"),
            (not others or claims.get("azp") == self.openid.client_id, "is meant for another application"),
            (claims.get("nonce") == flow.nonce, "answers another sign-in"),
            (now <= _number(claims.get("exp")) + _LEEWAY_S, "is too old"),
            (abs(now - _number(claims.get("iat"))) <= 600 + _LEEWAY_S, "is too old"),
            (not flow.session or proved >= began - _LEEWAY_S, "does not say that you signed in again"),
        )
        return next((words for holds, words in rules if not holds), "")

    def _keys(self) -> KeySet:
        return KeySet.import_key_set(self._fetch("jwks", self._endpoint("jwks_uri")))  # type: ignore[arg-type]

    def _metadata(self) -> dict[str, Any]:
        address = self.openid.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = self._fetch("metadata", address)
        if found.get("issuer") != self.openid.issuer:
            raise EngineError("serve.openid.issuer: the provider calls itself by another name")
        return found

    def _endpoint(self, name: str) -> str:
        address = self._metadata().get(name)
        if not isinstance(address, str):
            raise EngineError(f"serve.openid.issuer: the provider names no {name}")
        self.address_of(address)
        return address

    def _fetch(self, name: str, address: str) -> dict[str, Any]:
        kept = self._kept.get(name)
        if kept is not None and time.monotonic() - kept[0] < _FRESH_S:
            return kept[1]
        found = self._send("GET", address, {})
        self._kept[name] = time.monotonic(), found
        return found

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send one request to the pinned address and return the JSON object of its answer."""
        address, target = self.address_of(url), httpx.URL(url)
        transport = httpx.HTTPTransport(uds=address.socket or None, trust_env=False)
        sent = {**headers, "Host": target.netloc.decode(), "Accept": "application/json"}
        try:
            with (
                httpx.Client(transport=transport, timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream(
                    method,
                    target.copy_with(host=address.ip),
                    headers=sent,
                    data=None if form is None else dict(form),
                    extensions={"sni_hostname": address.host},
                ) as answer,
            ):
                return _object(answer)
        except httpx.HTTPError:
            raise EngineError("the OpenID provider does not answer; try again later") from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > _LARGEST:
            raise EngineError("the OpenID provider's answer is too large")
    if answer.status_code in (400, 401, 403):
        raise NotAllowed("the provider did not take the code; begin again")
    try:
        found = json.loads(body) if answer.status_code == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EngineError(f"the OpenID provider answers {answer.status_code} and no JSON object")
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
