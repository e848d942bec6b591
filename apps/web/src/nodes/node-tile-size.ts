import { perRowOf, type TileSize } from '../scale/tile-sizes';

const SIZES: readonly (TileSize & { readonly rows: number })[] = [
  { tile: 20, gap: 5, rows: 3 },
  { tile: 14, gap: 4, rows: 4 },
  { tile: 10, gap: 3, rows: 6 },
  { tile: 7, gap: 2, rows: 8 },
];

/** Like the strips', a step smaller: a node usually holds more pods than a workload has. */
export function nodeTileSize(count: number, width: number): TileSize | undefined {
  return SIZES.find((size) => count <= perRowOf(size, width) * size.rows);
}
