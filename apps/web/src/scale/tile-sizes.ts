export interface TileSize {
  readonly tile: number;
  readonly gap: number;
}

/** From roomy to tiny; each with the rows that it may take before the next smaller one is tried. */
const SIZES: readonly (TileSize & { readonly rows: number })[] = [
  { tile: 26, gap: 6, rows: 3 },
  { tile: 18, gap: 4, rows: 4 },
  { tile: 12, gap: 3, rows: 5 },
  { tile: 9, gap: 2, rows: 7 },
];

/** The largest size in which `count` tiles fit `width` pixels; undefined when they have to be merged into groups. */
export function tileSizeFor(count: number, width: number): TileSize | undefined {
  return SIZES.find(({ tile, gap, rows }) => count <= perRowOf({ tile, gap }, width) * rows);
}

export function perRowOf({ tile, gap }: TileSize, width: number): number {
  return Math.max(1, Math.floor((width + gap) / (tile + gap)));
}
