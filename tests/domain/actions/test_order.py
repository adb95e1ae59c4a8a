from __future__ import annotations

from anchor_tui.domain.actions.plan import Order, order_with_reason

ORDER = Order("promote", "4f1c", ("prod",), reason="before")


def test_a_token_in_a_reason_is_neither_published_nor_recorded() -> None:
    assert order_with_reason(ORDER, "used ghp_" + "a1" * 18).reason == "used ****"


def test_without_a_new_reason_the_order_stays_the_same() -> None:
    assert order_with_reason(ORDER, "") is ORDER
