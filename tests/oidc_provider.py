"""A real provider of identities for the tests: `oidc-provider` from npm, in a process of its own on this machine."""

import json
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

NODE = Path(__file__).parent / "node"
AUDIENCE = "urn:aanwezig:api"
SCOPES = ("weeklijsten:lezen", "modellen:lezen")
SECRET = "geheim & meer: 100%"  # has what form encoding changes


class OidcProvider:
    """The process, and what a program or a person does there."""

    def __init__(self) -> None:
        self.port, self.port_of_ours = _free_ports(2)
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.ours = f"http://127.0.0.1:{self.port_of_ours}"  # where it sends people back to
        self.key = ECKey.generate_key("P-256")
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        if shutil.which("node") is None or not (NODE / "node_modules").is_dir():
            message = "node of tests/node/node_modules ontbreekt: draai 'make node'"
            raise RuntimeError(message)
        self.process = subprocess.Popen(
            ["node", "provider.mjs"],
            cwd=NODE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.process.stdin.write(json.dumps(self._configuration()))
        self.process.stdin.close()
        while (line := self.process.stdout.readline()) != "ready\n":
            assert line, "the provider did not start"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def _configuration(self) -> dict[str, object]:
        keys = {"keys": [self.key.as_dict(private=False)]}
        program = {"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": []}
        by_key = {
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": keys,
        }
        person = {
            "redirect_uris": [f"{self.ours}/aanmelden/terug"],
            "post_logout_redirect_uris": [f"{self.ours}/aanmelden"],
        }
        return {
            "issuer": self.issuer,
            "port": self.port,
            "audience": AUDIENCE,
            "scopes": SCOPES,
            "clients": [
                {"client_id": "aanwezig", "client_secret": SECRET, **person},
                {"client_id": "aanwezig-sleutel", **by_key, **person},
                {"client_id": "las", **by_key, **program},
                {"client_id": "vreemd", **by_key, **program},
            ],
        }

    def token(self, client: str = "las", *, scope: str = "weeklijsten:lezen", resource: str = AUDIENCE) -> str:
        """What a program gets there, with its own signature as proof."""
        end = int(time.time()) + 60
        claims = {"iss": client, "sub": client, "aud": self.issuer, "exp": end, "jti": secrets.token_urlsafe()}
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "resource": resource,
            "client_id": client,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256"}, claims, self.key),
        }
        answer = httpx.post(f"{self.issuer}/token", data=form)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def come_back(self, address: str, *, who: str) -> dict[str, str]:
        """Go to `address` in a browser, sign in there as `who`, agree, and return what the browser brings back."""
        with httpx.Client() as browser:
            answer = browser.get(address)
            while True:
                if answer.is_redirect:
                    there = urljoin(str(answer.url), answer.headers["location"])
                    if there.startswith(self.ours):
                        return {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
                    answer = browser.get(there)
                    continue
                asked = "consent" if 'value="consent"' in answer.text else "login"
                form = {"prompt": asked, "login": who, "password": "x"}
                answer = browser.post(str(answer.url), data=form)


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
