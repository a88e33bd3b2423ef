"""The radar: which open cases lie longer than their kind usually does, why, and what usually helps.

`learning` fits from the whole record every night · `pace` finds the figures that fit one case · `signs` says whether
it is slow, stalled or silent · `reasons` why, from the record · `remedies` what helped where it was so before.
"""
