"""Rules over an issue and its source text: what is wrong, where, and how to mend it. All pure.

`check` has all the rules, `stopping` those alone that stop an issue: no more is imported to publish.
"""
