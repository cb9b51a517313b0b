"""Rules that find problems in an issue and its source text, with positions and fixes. All pure.

`check` lists all rules, `blocking` those that can stop publishing.
"""
