import { randomInt } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Link {
  readonly slug: string;
  readonly url: string;
  /** Whose key made it. */
  readonly owner: string;
  readonly followed: number;
}

const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** All links, in memory, and in a file if there is one. */
export class Store {
  readonly #links = new Map<string, Link>();
  readonly #file: string | undefined;

  constructor(file?: string) {
    this.#file = file;
  }

  /** Reads the file; one that is not there yet is an empty one. */
  async load(): Promise<void> {
    if (this.#file === undefined) return;
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    for (const link of JSON.parse(text) as Link[]) this.#links.set(link.slug, link);
  }

  get(slug: string): Link | undefined {
    return this.#links.get(slug);
  }

  /** False when the slug is taken. */
  async add(link: { slug?: string; url: string; owner: string }): Promise<Link | undefined> {
    const slug = link.slug ?? this.#freeSlug();
    if (this.#links.has(slug)) return undefined;
    const added = { slug, url: link.url, owner: link.owner, followed: 0 };
    this.#links.set(slug, added);
    await this.#save();
    return added;
  }

  async remove(slug: string): Promise<boolean> {
    if (!this.#links.delete(slug)) return false;
    await this.#save();
    return true;
  }

  /** The link, counted once more. */
  async follow(slug: string): Promise<Link | undefined> {
    const link = this.#links.get(slug);
    if (!link) return undefined;
    const followed = { ...link, followed: link.followed + 1 };
    this.#links.set(slug, followed);
    await this.#save();
    return followed;
  }

  #freeSlug(): string {
    for (;;) {
      const slug = Array.from({ length: 7 }, () => letters[randomInt(letters.length)]).join('');
      if (!this.#links.has(slug)) return slug;
    }
  }

  /** Whole or not at all: written beside it and renamed. */
  async #save(): Promise<void> {
    if (this.#file === undefined) return;
    await mkdir(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${randomInt(1e9)}.tmp`;
    await writeFile(draft, JSON.stringify([...this.#links.values()], null, 2));
    await rename(draft, this.#file);
  }
}
