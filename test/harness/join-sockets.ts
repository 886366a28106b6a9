import type { Socket } from "node:net";

/** What comes in at one goes out at the other, until either ends. */
export function joinSockets(one: Socket, other: Socket, open: Set<Socket>): void {
  join(one, other, open);
  join(other, one, open);
}

function join(from: Socket, to: Socket, open: Set<Socket>): void {
  open.add(from);
  from.on("error", () => to.destroy());
  from.on("close", () => {
    open.delete(from);
    to.destroySoon();
  });
  from.pipe(to);
}
