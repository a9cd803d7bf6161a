"""What is particular to RapidPro: the value of its Authorization header is all that proves a call."""

from dataclasses import replace

import pytest

from app.gateways.adapter import BadOptions, Forged
from app.gateways.registry import adapter_for
from tests.gateways.cases import CASES, NOW, adapter, with_authorization
from tests.gateways.recorded import RecordedCall, calls_of


@pytest.fixture(params=calls_of("rapidpro"), ids=str)
def recorded(request: pytest.FixtureRequest) -> RecordedCall:
    found: RecordedCall = request.param
    return found


@pytest.mark.parametrize("value", [None, "", "Token", "Token rapidpro-value-for-test", "ї"])
def test_a_call_without_the_value_is_forged(recorded: RecordedCall, value: str | None) -> None:
    call, headers = recorded.call(), {} if value is None else {"authorization": value}
    with pytest.raises(Forged):
        adapter("rapidpro").verify(
            replace(call, headers={**call.headers, **headers}), recorded.hook, now=NOW
        )


def test_a_call_with_the_value_is_let_in(recorded: RecordedCall) -> None:
    call = with_authorization(recorded.call(), recorded.hook)
    adapter("rapidpro").verify(call, recorded.hook, now=NOW)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("authorization", "short"), ("channel", "not-a-uuid"), ("url", "rapidpro.example")],
)
def test_settings_that_cannot_work_are_refused(option: str, wrong: str) -> None:
    with pytest.raises(BadOptions) as refused:
        adapter_for("rapidpro", {**CASES["rapidpro"].options, option: wrong})
    assert refused.value.option == option
