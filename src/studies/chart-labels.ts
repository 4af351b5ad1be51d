/** Keeps labels at the ends of curves apart. Knows only heights. */

/**
 * Moves label centres as little as needed so that neighbours are at least `gap` apart and all lie in [top, bottom];
 * order is kept. When they cannot all fit, the distance shrinks evenly. Returned in the order given.
 */
export function spreadLabels(
  wanted: readonly number[],
  gap: number,
  [top, bottom]: readonly [top: number, bottom: number],
): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const distance = Math.min(gap, order.length > 1 ? (bottom - top) / (order.length - 1) : gap);
  const blocks: { centre: number; members: number[] }[] = [];
  for (const index of order) {
    let block = { centre: wanted[index], members: [index] };
    // Labels that would touch become one block around their mean wish; blocks that touch merge in turn.
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      const reach = ((last.members.length + block.members.length) / 2) * distance;
      if (clampBlock(block, distance, top, bottom) - clampBlock(last, distance, top, bottom) >= reach - 1e-9)
        break;
      blocks.pop();
      const members = [...last.members, ...block.members];
      block = { members, centre: members.reduce((sum, i) => sum + wanted[i], 0) / members.length };
    }
    blocks.push(block);
  }
  const placed = new Array<number>(wanted.length).fill(0);
  for (const block of blocks) {
    const first = clampBlock(block, distance, top, bottom) - ((block.members.length - 1) / 2) * distance;
    block.members.forEach((index, i) => {
      placed[index] = first + i * distance;
    });
  }
  return placed;
}

function clampBlock(
  block: { readonly centre: number; readonly members: readonly number[] },
  distance: number,
  top: number,
  bottom: number,
): number {
  const half = ((block.members.length - 1) / 2) * distance;
  return Math.min(bottom - half, Math.max(top + half, block.centre));
}
