/**
 * Lists with one tab stop each: arrows, Home and End move inside, Left and Right fold. A list is marked by `data-list`, its
 * items by `data-item`; an item that folds has `aria-expanded`, and in a tree `data-fold` names its fold.
 */

const stops = new Map<string, string>();

/** The item of a list that Tab reaches: where the focus was last, else the first. */
export function stopOf(list: string, keys: readonly string[]): string | undefined {
  const stop = stops.get(list);
  return stop !== undefined && keys.includes(stop) ? stop : keys[0];
}

/** Serves the keys of every list below `place`. */
export function listenForKeys(place: HTMLElement, fold: (key: string, open: boolean) => void, draw: () => void): void {
  place.addEventListener('focusin', (event) => {
    const item = itemOf(event.target);
    const list = item?.closest<HTMLElement>('[data-list]')?.dataset['list'];
    const key = item?.dataset['item'];
    if (list === undefined || key === undefined || stops.get(list) === key) return;
    stops.set(list, key);
    draw();
  });
  place.addEventListener('keydown', (event) => {
    const item = itemOf(event.target);
    const list = item?.closest<HTMLElement>('[data-list]');
    if (!item || !list || item !== event.target || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = [...list.querySelectorAll<HTMLElement>('[data-item]')];
    const at = items.indexOf(item);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (goal !== undefined) items[goal]?.focus();
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const wanted = event.key === 'ArrowRight';
      const expanded = item.getAttribute('aria-expanded');
      if (expanded === null || (expanded === 'true') === wanted) return;
      press(item, wanted, fold);
    } else if ((event.key === 'Enter' || event.key === ' ') && item.dataset['fold'] !== undefined)
      press(item, item.getAttribute('aria-expanded') !== 'true', fold);
    else return;
    event.preventDefault();
  });
}

function press(item: HTMLElement, open: boolean, fold: (key: string, open: boolean) => void): void {
  const key = item.dataset['fold'];
  if (key === undefined) item.click();
  else fold(key, open);
}

const itemOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[data-item]') : null;
