"""
Riders who change buses on the way to a run's end, with or without the slip that the end is about.
"""

from typing import TYPE_CHECKING

from tests.sim.game_tablet import GameTablet

if TYPE_CHECKING:
    from tests.sim.game import Game


class Moves:
    """Empties the bus of a run into another one, on the road."""

    def __init__(self, game: "Game") -> None:
        self.game = game

    def go_over(self, slip: str, first: GameTablet) -> set[str]:
        """Everybody aboard goes over into the other bus; of whom the slip leaves it open where he is."""
        game, beside = self.game, self.game.beside
        game.ends.deliver()
        if slip == "not_by_office":
            beside.comes_by()
        else:
            game.told.append(f"transfer {game.ends.until_done(beside.is_called)}")
            game.judge.look()
        riders = sorted(game.world.inside)
        for place, rider in enumerate(riders):
            game.world.passes(12)
            out = None if slip == "out_unmarked" and place == 0 else first
            beside.takes(rider, out=out, has_answer=slip != "between_buses" or place > 0)
        if slip in ("answer_taken_back", "taken_back_unheard"):
            self._take_back(riders[0], is_heard=slip == "answer_taken_back")
        return set(riders[:1]) if slip in ("out_unmarked", "between_buses", "answer_taken_back") else set()

    def _take_back(self, rider: str, *, is_heard: bool) -> None:
        """The other bus takes back that it has the rider."""
        tablet = self.game.beside.tablet()
        answers = [each for each in tablet.entries if each.event["kind"] == "moved_in"]
        answer = next(each for each in reversed(answers) if each.event["rider"] == rider)
        self.game.world.passes(5)
        void = self.game.beside.world.marks(tablet, "void", refs=[answer.event["id"]])
        tablet.held_back = None if is_heard else void.seq
