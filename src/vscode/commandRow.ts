interface Key {
  readonly key: string;
  readonly mac?: string;
  readonly when?: string;
}

/** A place in a menu: its `when`, and its group with the order in it. */
interface Place {
  readonly menu: string;
  readonly when?: string;
  readonly group?: string;
}

/** One command with its places in menus and its keys. */
export interface CommandRow {
  readonly id: `orchestra.${string}`;
  readonly title: string;
  /** A codicon, for places in title bars. */
  readonly icon?: string;
  /** Whether the palette offers it; `false` for what only makes sense on something. */
  readonly palette?: string | false;
  readonly enablement?: string;
  readonly keys?: readonly Key[];
  readonly places?: readonly Place[];
}
