"""The keys of the rows: the cursor stays on its row while others appear, vanish or move."""

from __future__ import annotations

from anchor_tui.tui.pull_request.rows import build_check_row, build_review_rows, key_checks, key_threads
from tests.tui.sample_pull_requests import FAILED, FAILING, PASSED
from tests.values import NOW, replace


def test_a_check_keeps_its_key_when_the_order_changes():
    before, after = key_checks([FAILED, PASSED]), key_checks([PASSED, replace(FAILED, state="success")])
    assert list(before) == list(after)[::-1]
    assert build_check_row(*next(iter(before.items()))).key == next(iter(before))


def test_checks_of_the_same_name_have_their_own_keys():
    assert len(key_checks([FAILED, FAILED, replace(FAILED, app="other")])) == 3


def test_a_resolved_thread_keeps_its_key():
    first, second = FAILING.threads
    resolved = replace(first, is_resolved=True)
    before, after = key_threads([first, second]), key_threads([second, resolved])
    assert [after[key] for key in before] == [resolved, second]


def test_threads_on_one_line_have_their_own_keys():
    thread = FAILING.threads[0]
    without_comments = replace(thread, comments=())
    assert len(key_threads([thread, thread, without_comments, without_comments])) == 4


def test_a_new_review_changes_no_other_key():
    newest = replace(FAILING.reviews[0], submitted_at=NOW)
    before = [row.key for row in build_review_rows(FAILING)]
    after = [row.key for row in build_review_rows(replace(FAILING, reviews=(*FAILING.reviews, newest)))]
    assert after[1:] == before
