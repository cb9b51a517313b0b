"""Publishes issues: build, plan and deliver; also test sends, notices and a read-only snapshot.

`build.up_to_date.check_up_to_date` finds out quickly whether there is work, `publish.publish` does it.
"""
