// Events that our pages fire at themselves. For the type check only; never shipped.

interface HTMLElementEventMap {
  "busops:trip": CustomEvent<{ number: number }>;
  "busops:drawn": CustomEvent<null>;
}
interface DocumentEventMap {
  "busops:fresh": CustomEvent<null>;
}
