"""What is taken for a secret by its name."""

from __future__ import annotations

import pytest

from scripts.redaction import SECRET, masked
from stack_outputs.forms import FORMS

NAMES = [name for form in FORMS for name in (form.name, form.output)]
NAMES += [
    "connection_string",
    "connectionString",
    "connection",
    "database_url",
    "urls",
    "dsn",
    "some_dsns",
    "my_dotenv",
]
NAMES += ["password", "userPasswords", "stdin", "privateKey", "environment"]


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_a_login_and_whatever_sounds_like_a_secret_is_masked(name: str) -> None:
    assert masked({name: "s3cret"}) == {name: SECRET}


@pytest.mark.parametrize("name", ["name", "host", "environments", "curl", "destinationCidrBlock", "userNames"])
def test_other_names_are_shown(name: str) -> None:
    assert masked({name: "plain"}) == {name: "plain"}
