"""
Advice about a plan: what another place would cost, what one more rider would, what would be enough.

Everything here is worked out again from the problem and the plan, exactly; the search is asked only
where a problem with easier limits is planned anew.
"""
