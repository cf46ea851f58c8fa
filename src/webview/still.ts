/** Keeps what is under the pointer or has the focus where it is, while other things come and go around it. */

/** How the page lay before it was drawn. */
export interface Still {
  /** The pointer or the focus is among the rows. */
  readonly isHeld: boolean;
  readonly topHeight: number;
  /** What had the focus stood in what wants the person. */
  readonly wasAnswering: boolean;
}

/** Looks before drawing. */
export function stillOf(place: HTMLElement): Still {
  const rest = place.querySelector<HTMLElement>('.rest');
  const active = document.activeElement;
  return {
    isHeld: rest !== null && (rest.matches(':hover') || rest.contains(active)),
    topHeight: place.querySelector<HTMLElement>('.top')?.offsetHeight ?? 0,
    wasAnswering: active !== null && active.closest('.wants') !== null,
  };
}

/** Mends after drawing. */
export function settled(place: HTMLElement, before: Still): void {
  const top = place.querySelector<HTMLElement>('.top');
  const rest = place.querySelector<HTMLElement>('.rest');
  if (!top || !rest) return;
  const grown = top.offsetHeight - before.topHeight;
  if (grown !== 0 && before.topHeight > 0 && before.isHeld) {
    const goal = rest.scrollTop + grown;
    // Where the rows are too few to scroll, room is made for it.
    const room = goal - (rest.scrollHeight - rest.clientHeight);
    if (room > 0) rest.style.paddingBottom = `${parseFloat(rest.style.paddingBottom || '0') + room}px`;
    rest.scrollTop = goal;
  } else if (!before.isHeld && rest.style.paddingBottom !== '') rest.style.paddingBottom = '';
  // The button that was pressed is gone with its question: the focus goes to the next one, or to the run.
  if (before.wasAnswering && (document.activeElement === document.body || document.activeElement === null))
    (place.querySelector<HTMLElement>('.wants') ?? place.querySelector<HTMLElement>('#run-title'))?.focus();
}
