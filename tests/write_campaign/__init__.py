"""The write campaign: kills, lost answers, several operators and full disks, against the embedded servers.

`python -m tests.write_campaign` runs everything and prints counts; `test_selection.py` runs a few cases in the suite.
"""
