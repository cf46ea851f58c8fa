import type { FromPanel, PanelState } from '../protocol.ts';
import type { Remembered } from './memory.ts';

/** What every part of the page draws from, and can do. */
export interface Page {
  readonly state: PanelState;
  readonly kept: Remembered;
  /** Milliseconds now, on the host's clock. */
  readonly now: number;
  /** The pointer or the focus is among the rows: nothing folds by itself now. */
  readonly isHeld: boolean;
  send(intent: FromPanel): void;
  /** Changes what the page remembers, and draws again. */
  keep(change: Partial<Remembered>): void;
  /** Draws again. */
  draw(): void;
  isOpen(key: string, byItself: boolean): boolean;
  fold(key: string, open: boolean): void;
  /** The item of a list that has its one tab stop. */
  stop(list: string, keys: readonly string[]): string | undefined;
}

/** `0:03`, `12:04`, `1:02:03`. Core has the same, but only types of core may come into this bundle. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** What has passed of something that may still go on. */
export const passed = (now: number, of: { readonly ms: number; readonly since?: number }): number =>
  of.ms + (of.since === undefined ? 0 : Math.max(0, now - of.since));
