/** Keeps what is under the pointer or has the focus where it is, while other things come and go around it. */

/** How the page was before it was drawn. */
export interface Still {
  /** The pointer or the focus is among the rows. */
  readonly isHeld: boolean;
  /** What had the focus stood in what wants the person. */
  readonly wasAnswering: boolean;
}

/** What must not move in this frame, and where it stood. */
let anchor: { readonly element: Element; readonly y: number } | undefined;
let watched: HTMLElement | undefined;

/** Looks before drawing. */
export function stillOf(place: HTMLElement): Still {
  const rest = place.querySelector<HTMLElement>('.rest');
  const active = document.activeElement;
  const under = rest?.matches(':hover')
    ? [...rest.querySelectorAll(':hover')].at(-1)
    : rest?.contains(active)
      ? active
      : undefined;
  // What is drawn anew goes; its row stays.
  const element = under?.closest('li, section, form');
  anchor = element ? { element, y: element.getBoundingClientRect().y } : undefined;
  if (rest && !anchor && !rest.matches(':hover')) rest.style.paddingBottom = '';
  return {
    isHeld: under !== undefined && under !== null,
    wasAnswering: active !== null && active.closest('.wants') !== null,
  };
}

/** Mends after drawing. The button that was pressed may be gone with its question: then the focus goes to the next one, or to the run. */
export function settled(place: HTMLElement, before: Still): void {
  const top = place.querySelector<HTMLElement>('.top');
  const rest = place.querySelector<HTMLElement>('.rest');
  if (!top || !rest) return;
  hold(rest);
  // Some parts get their size after the drawing; an observer is told in the same frame, before it is painted.
  if (watched !== top) {
    watched = top;
    new ResizeObserver(() => hold(rest)).observe(top);
  }
  requestAnimationFrame(() => {
    anchor = undefined;
  });
  const active = document.activeElement;
  if (before.wasAnswering && (active === document.body || active === null))
    (place.querySelector<HTMLElement>('.wants') ?? place.querySelector<HTMLElement>('#run-title'))?.focus();
}

/** Scrolls the rows by as much as they were pushed: they are covered instead. */
function hold(rest: HTMLElement): void {
  if (!anchor?.element.isConnected) return;
  const pushed = anchor.element.getBoundingClientRect().y - anchor.y;
  if (Math.abs(pushed) < 0.5) return;
  const goal = rest.scrollTop + pushed;
  // Where the rows are too few to scroll, room is made for it.
  const room = goal - (rest.scrollHeight - rest.clientHeight);
  if (room > 0) rest.style.paddingBottom = `${parseFloat(getComputedStyle(rest).paddingBottom) + room}px`;
  rest.scrollTop = goal;
}
