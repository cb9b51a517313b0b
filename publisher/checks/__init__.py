"""Rules that find problems in an issue and its source text, with positions and fixes. All pure.

`check` lists the rules: all of them, and those that can stop publishing.
"""
