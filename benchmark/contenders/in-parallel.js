// Does something for each item, so many at a time.

/**
 * @template T
 * @param {number} atATime
 * @param {Iterable<T>} items are taken when it is their turn
 * @param {(item: T) => Promise<unknown>} work
 */
export async function inParallel(atATime, items, work) {
  const shared = items[Symbol.iterator]();
  const one = async () => {
    for (let next = shared.next(); next.done !== true; next = shared.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atATime }, one));
}
