"""
The slips: one thing of a run's end left out or done wrongly, and the reason that must name it.
"""

# What is done wrongly → the reason that must stand against closing.
SLIPS = {
    "left_unmarked": "rider_aboard",
    "sleeper": "no_attendant_check",
    "no_attendant_check": "no_attendant_check",
    "no_driver_check": "no_driver_check",
    "no_parked": "not_parked",
    "one_person": "no_driver_check",
    "driver_first": "no_driver_check",
    "late_mark": "no_attendant_check",
    "held_back": "device_gap",
    "no_seal": "device_unsealed",
    "other_tablet": "device_unsealed",
    "device_returns": "device_unsealed",
    "wrong_tag": "no_driver_check",
    "too_early": "no_attendant_check",
    "stranger": "quarantine_open",
    "nobody_knows": "rider_unaccounted",
    "off_stop": "off_stop_alight",
    "no_reason": "absent_without_reason",
    "count_not_zero": "final_count_not_zero",
    "disputed": "rider_disputed",
    "no_precheck": "departed_without_precheck",
    "uncounted": "departed_without_count",
    "away": "away_from_stop_alight",
    "skipped_place": "no_driver_check",
    "silent_tablet": "device_unsealed",
    "no_third": "device_unsealed",
    "paper_waits": "device_unsealed",
    "paper_alone": "device_unsealed",
    "paper_given_up": "device_unsealed",
    "between_buses": "transfer_open",
    "answer_taken_back": "transfer_open",
    "out_unmarked": "rider_aboard",
    "not_by_office": "not_arrived",
}
STRANGERS = ("nobody_knows", "no_reason", "disputed")  # need a rider of whom nothing is known yet
PAPER = ("paper", "paper_waits", "paper_alone", "paper_given_up")
# Everybody goes over into another bus. By the first two the run may be closed: the bus is checked where it
# stands; and what the other bus took back is not heard of yet.
OVER = (
    "stranded", "taken_back_unheard", "between_buses", "answer_taken_back", "out_unmarked", "not_by_office",
)  # fmt: skip
STANDS = ("stranded", "taken_back_unheard", "not_by_office")  # it never arrives
WITH_ANOTHER = ("other_tablet", "disputed", "silent_tablet", "no_third")  # need one tablet more
LEFT_OPEN = {
    "off_stop": "off_stop_alight",
    "away": "away_from_stop_alight",
    "no_precheck": "departed_without_precheck",
    "uncounted": "departed_without_count",
}
KNOWN_TO_THE_GATE_ALONE = frozenset({"away", "uncounted"})
AFTERWARDS = ("none", "old_checks", "found", "listed_late")  # what may come after a close
NEVER_SEALED = ("other_tablet", "silent_tablet", "no_third", "listed_late")
