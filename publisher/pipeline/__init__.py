"""The one loop over issues and channels: plan, render, deliver. The only place that acts.

`quick.nothing_to_do` looks whether there is anything to do, `publishing.publish` does it.
"""
