export interface PaletteItem {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly run: () => void;
}

const MOST = 40;

/** The best first: names that begin with what was typed, then words that do, then names that hold it somewhere. */
export function findItems(
  typed: string,
  actions: readonly PaletteItem[],
  things: readonly PaletteItem[],
): readonly PaletteItem[] {
  const search = typed.trim().toLowerCase();
  if (!search) return actions;
  const ranked: { item: PaletteItem; rank: number }[] = [];
  for (const item of [...actions, ...things]) {
    const rank = rankOf(item.name.toLowerCase(), search);
    if (rank !== undefined) ranked.push({ item, rank });
  }
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ item }) => item);
}

function rankOf(name: string, search: string): number | undefined {
  const at = name.indexOf(search);
  if (at < 0) return undefined;
  if (at === 0) return name.length === search.length ? 0 : 1;
  return /[\s\-.]/.test(name.charAt(at - 1)) ? 2 : 3;
}
