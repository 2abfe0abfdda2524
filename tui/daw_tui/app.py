"""The app: its pages and keys. It speaks to the bridge over OSC alone, from a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, DataTable, Input, ListView, OptionList

from daw_bridge.control.commands import Command, Do, Play, PresetStep
from daw_bridge.control.pushes import Error, FaultSeen, Push
from daw_bridge.control.schema import ACTIONS
from daw_bridge.errors import BridgeError
from daw_tui import palette, terminal
from daw_tui.bridge_process import BridgeProcess, parse_address
from daw_tui.bridge_view import BridgeView
from daw_tui.computer_keyboard import DURATION_S, ComputerKeyboard
from daw_tui.daemon_link import DaemonLink
from daw_tui.messages import BridgeEnded, Pushed, Wanted
from daw_tui.screens.compose import ComposePage
from daw_tui.screens.cover import CoverPage
from daw_tui.screens.dialogs import ACTION_KEYS, Help, Question
from daw_tui.screens.live import LivePage
from daw_tui.screens.page import PAGES, Page
from daw_tui.screens.presets import PresetsPage
from daw_tui.screens.routing import RoutingPage
from daw_tui.screens.takes import TakesPage
from daw_tui.widgets.key_strip import KeyCap, KeyStrip
from daw_tui.widgets.log_strip import LogStrip
from daw_tui.widgets.nav_bar import NavBar

FRAME_S: Final = 1.0 / 12.0
TERMINAL_S: Final = 1.0
"""How often we look whether the terminal is still there."""
_IN_MEMORY: Final = "--midi-api=memory"
PIANO_KEYS: Final[tuple[KeyCap, ...]] = (
    ("a w s e d f …", "play", "noop"),
    ("z x", "octave", "noop"),
    ("c v", "velocity", "noop"),
    ("space", "your turn", "do('take_turn')"),
    ("esc", "done", "piano"),
)


class StageApp(App[int]):
    """Attaches to the bridge at `target`, or starts one with `options` and ends it on leaving."""

    TITLE = "aiart-bridge"
    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = True

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"do('{action}')", action, show=False) for action, key in ACTION_KEYS.items()),
        *(Binding(str(number), f"page('{name}')", name, show=False) for number, name in enumerate(PAGES, start=1)),
        Binding("a", "piano", show=False),
        Binding("left_square_bracket", "preset(-1)", show=False),
        Binding("right_square_bracket", "preset(1)", show=False),
        Binding("minus", "zoom(0.8)", show=False),
        Binding("equals_sign,plus", "zoom(1.25)", show=False),
        Binding("question_mark,f1", "help", show=False),
        Binding("escape", "leave_field", show=False),
        Binding("e", "export_take", show=False),
        Binding("x", "delete_take", show=False),
        Binding("r", "read_takes", show=False),
        Binding("n", "new_route", show=False),
        Binding("q,ctrl+q", "quit", show=False),
    ]

    def __init__(
        self,
        target: tuple[str, int] | None,
        options: Sequence[str] = (),
        take_options: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.register_theme(palette.THEME)
        self.theme = palette.THEME.name
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]
        self._target = target
        self._options = list(options)
        self._take_options = list(take_options)
        self._clock = clock
        self._frame_s = clock()
        self.view = BridgeView()
        self._link = DaemonLink(self.post_message, clock)
        self._process: BridgeProcess | None = None
        self._playing: ComputerKeyboard | None = None
        self._doing = "connecting"
        self._in_memory = False
        self._nav = NavBar(PAGES)
        self._pages = ContentSwitcher(initial="live")
        self._live = LivePage(self.view)
        self._takes = TakesPage(self._take_options)
        self._composing = ComposePage()
        self._covering = CoverPage()
        pages: tuple[Page, ...] = (
            self._live,
            RoutingPage(),
            self._takes,
            self._composing,
            PresetsPage(),
            self._covering,
        )
        self._by_name = dict(zip(PAGES, pages, strict=True))
        self._strip = LogStrip()
        self._caps = KeyStrip()

    def compose(self) -> ComposeResult:
        """The frame and the pages in it."""
        yield self._nav
        with self._pages:
            yield from self._by_name.values()
        yield self._strip
        yield self._caps

    def on_mount(self) -> None:
        """Find a bridge."""
        self._chrome()
        self.set_interval(FRAME_S, self._frame)
        if not self.is_headless:
            self.set_interval(TERMINAL_S, self._leave_with_terminal)
        # Only when every widget is there can what the bridge says be shown.
        self.call_after_refresh(self._find_bridge)

    def _leave_with_terminal(self) -> None:
        if terminal.is_gone():
            self.exit(1)

    def _find_bridge(self) -> None:
        self.page.entered()
        if self._target is not None:
            self.run_worker(self._connect(*self._target), exit_on_error=True)
        else:
            self.run_worker(self._start(self._options), group="bridge", exit_on_error=True)

    async def on_unmount(self) -> None:
        """Leave the bridge as it was; end it if it is ours."""
        self._link.close()
        if self._process is not None:
            await self._process.stop()

    async def _connect(self, host: str, port: int) -> None:
        self._say(f"calling the bridge at {host}:{port}…")
        await self._link.open(host, port)

    async def _start(self, options: Sequence[str]) -> None:
        self._doing = "starting the bridge"
        self._say("starting a bridge: opening ports, warming the model up…")
        self._process = BridgeProcess(self._bridge_said, self._bridge_ended)
        try:
            ready = await self._process.start(options)
        except BridgeError as error:
            self._offer_demo(str(error))
            return
        self._doing = "connecting"
        host, port = parse_address(ready["osc"])
        await self._connect(host, port)
        self._in_memory = ready.get("api") == "memory"

    def _bridge_ended(self, last_words: str) -> None:
        self.post_message(BridgeEnded(last_words))

    def _bridge_said(self, line: str) -> None:
        self._say(line.removeprefix("aiart-bridge: "), "trouble" if "error" in line else "news")

    def _offer_demo(self, reason: str) -> None:
        reason = reason.removeprefix("aiart-bridge: error: ")
        self._say(reason, "trouble")

        def answered(yes: bool | None) -> None:
            if yes:
                self._options = [*self._options, _IN_MEMORY] if _IN_MEMORY not in self._options else self._options
                self.run_worker(self._start(self._options), group="bridge", exit_on_error=True)
            else:
                self.exit(1)

        word = "try again" if _IN_MEMORY in self._options else "play in memory"
        detail = f"{reason}\n\nPlaying in memory needs no MIDI: the computer keyboard is the piano."
        self.push_screen(Question("The bridge could not start.", word, "leave", detail), answered)

    def _say(self, text: str, level: str = "news") -> None:
        self._strip.say(text, level)

    @property
    def connected(self) -> bool:
        """Whether the bridge answers."""
        return self._link.connected

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._by_name[self._pages.current or PAGES[0]]

    # What the bridge says

    def on_pushed(self, message: Pushed) -> None:
        """Take it in and show it."""
        now_s = self._clock()
        for push in message.pushes:
            self.view.take(push, now_s)
            self._speak_of(push)
        for page in self._by_name.values():
            page.changed(self.view, message.pushes)
        self._chrome()

    def _speak_of(self, push: Push) -> None:
        match push:
            case FaultSeen(_, text, count):
                self._say(text + (f"  ({count} times)" if count > 1 else ""), "trouble")
            case Error(reason):
                self._say(f"refused: {reason}", "trouble")

    def on_link_found(self) -> None:
        """The bridge answers."""
        self._live.connected = True
        if self._in_memory:
            self._say("no MIDI system in use: press a and play on the computer keyboard")
        else:
            self._say("connected again" if self._doing == "reconnecting" else "connected: play a phrase", "calm")
        self._doing = ""
        self._chrome()

    def on_link_lost(self) -> None:
        """The bridge is silent; the link goes on calling."""
        self._live.connected = False
        self._doing = "reconnecting"
        self.view.lost(self._clock())
        self._say("the bridge does not answer; calling it until it is back", "trouble")
        self._chrome()

    def on_bridge_ended(self, message: BridgeEnded) -> None:
        """Our own bridge went away: start it again when the player says so."""
        self._link.close()
        self._link = DaemonLink(self.post_message, self._clock)
        self._live.connected = False
        self._doing = "away"
        self._chrome()

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._start(self._options), group="bridge", exit_on_error=True)

        self.push_screen(Question("The bridge has ended.", "start it again", "stay", message.last_words), answered)

    def _chrome(self) -> None:
        welcome = self.view.welcome
        about = f"{welcome.model} · {welcome.api}" if self._link.connected else self._doing
        self._nav.show(self.page.id or "", about, self._link.connected)
        self._caps.show(PIANO_KEYS if self._playing is not None else self.page.KEYS)

    def _frame(self) -> None:
        now_s = self._clock()
        elapsed_s, self._frame_s = now_s - self._frame_s, now_s
        self.page.frame(self.view, now_s, elapsed_s)

    # What the player does

    def on_wanted(self, message: Wanted) -> None:
        """A widget wants something of the bridge."""
        self._send(message.command)

    def _send(self, command: Command) -> None:
        if self._link.connected:
            self._link.send(command)
        else:
            self._say(f"not connected: {self._doing or 'calling the bridge'}", "trouble")

    def on_nav_bar_chosen(self, message: NavBar.Chosen) -> None:
        """A page was clicked."""
        self.action_page(message.page)

    def action_do(self, action: str) -> None:
        """A performance action."""
        self._send(Do(action))
        words = next(item.help for item in ACTIONS if item.name == action)
        self._say(words)

    def action_preset(self, by: int) -> None:
        """The next or previous preset."""
        self._send(PresetStep(by))

    def action_page(self, name: str) -> None:
        """Show a page."""
        self.screen.set_focus(None)
        self._pages.current = name
        self.page.entered()
        self._chrome()

    def action_zoom(self, factor: float) -> None:
        """More or less time in the roll."""
        self._live.zoom(factor)

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    def action_piano(self) -> None:
        """The computer keyboard becomes a piano, or is one no longer."""
        self._playing = ComputerKeyboard() if self._playing is None else None
        if self._playing is not None:
            self.action_page("live")
            self._say("the letters a w s e d f … are keys from C; pause, and the answer comes")
        else:
            self._say("the letters are keys of the screen again", "calm")
        self._chrome()

    def action_leave_field(self) -> None:
        """Take the keys out of a field."""
        self.screen.set_focus(None)

    def action_focus_controllers(self) -> None:
        """To the table of controllers."""
        self.query_one(DataTable).focus()

    def action_forget_controller(self) -> None:
        """To the table of controllers, where backspace forgets."""
        self.query_one(DataTable).focus()

    def action_new_route(self) -> None:
        """A route more."""
        if isinstance(self.page, RoutingPage):
            self.page.action_new_route()

    def action_focus_presets(self) -> None:
        """To the list of presets."""
        self.query_one("#preset-list", OptionList).focus()

    def action_focus_takes(self) -> None:
        """To the list of takes."""
        self.query_one("#take-list", ListView).focus()

    def action_export_take(self) -> None:
        """Write the chosen take as MIDI."""
        if self.page is self._takes:
            self._takes.export()

    def action_delete_take(self) -> None:
        """Delete the chosen take."""
        if self.page is self._takes:
            self._takes.delete()

    def action_play_take(self) -> None:
        """Play the chosen take back."""
        if self.page is self._takes:
            self._takes.play()

    def action_read_takes(self) -> None:
        """Read the takes again."""
        if self.page is self._takes:
            self._takes.read()

    def action_compose_now(self) -> None:
        """Start the job of the compose page."""
        self._composing.start()

    def action_cover_now(self) -> None:
        """Start the job of the cover page."""
        self._covering.start()

    def action_noop(self) -> None:
        """A cap that only explains."""

    async def on_event(self, event: events.Event) -> None:
        """While the keyboard is a piano, its keys are notes before they are anything else."""
        if isinstance(event, events.Key) and self._playing is not None and len(self.screen_stack) == 1:
            if event.key == "escape":
                self.action_piano()
                return
            if event.character and self._plays(event.character):
                return
        await super().on_event(event)

    def _plays(self, character: str) -> bool:
        keyboard = self._playing
        if keyboard is None or isinstance(self.focused, Input):
            return False
        if keyboard.shifted(character):
            self._say(f"octave {keyboard.octave}, velocity {keyboard.velocity}")
            return True
        pitch = keyboard.struck(character, self._clock())
        if pitch is not None:
            self._send(Play(pitch, keyboard.velocity, DURATION_S))
        return pitch is not None or character in "awsedftgyhujkolp;'"

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: pages, actions, leaving."""
        del screen
        for name in PAGES:
            yield SystemCommand(name.title(), f"show the page {name}", lambda name=name: self.action_page(name))
        for action in ACTIONS:
            words = action.name.replace("_", " ").capitalize()
            yield SystemCommand(words, action.help, lambda name=action.name: self.action_do(name))
        yield SystemCommand("Computer keyboard", "play notes with the letters", self.action_piano)
        yield SystemCommand("Next preset", "recall it", lambda: self.action_preset(1))
        yield SystemCommand("Previous preset", "recall it", lambda: self.action_preset(-1))
        yield SystemCommand("Help", "all keys", self.action_help)
        yield SystemCommand("Quit", "leave the screen", self.exit)


def run(target: tuple[str, int] | None, options: Sequence[str], take_options: Sequence[str]) -> int:
    """Run the screen until it is left; returns the exit status."""
    return StageApp(target, options, take_options).run() or 0
