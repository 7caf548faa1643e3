// Where the scale of a chart ends: a single spike must not flatten all else. What is above is marked and named.
window.scaleOf = (() => {
  const USUAL = 0.95; // this share of the values is usual,
  const FAR = 5; // and what is this many times as large may be a spike:
  const NEAR = 7; // if the values this near to it, on both sides, are not large as well.
  const WORTH = 2; // The scale ends below it if that leaves this many times as much room for the others.

  const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const sort = (values) => [...values].sort((a, b) => a - b);
  const median = (values) => at(sort(values), 0.5);

  // lists: the values of each series, in the order of the axis. Returns [lowest, highest], or null for the whole scale.
  return (lists, { isInOrder }) => {
    const values = lists.flat().filter((value) => typeof value === "number");
    if (values.length < 8) return null;
    const limit = FAR * at(sort(values.map(Math.abs)), USUAL);
    const isFar = (value) => Math.abs(value) > limit;
    const kept = values.filter((value) => !isFar(value));
    if (!limit || kept.length === values.length) return null;
    const [low, high] = [Math.min(0, ...kept), Math.max(0, ...kept)];
    const gained = (Math.max(high, ...values) - Math.min(low, ...values)) / (high - low);
    if (!(gained >= WORTH)) return null;
    const isAlone = (list, n) => median(list.slice(Math.max(0, n - NEAR), n + NEAR + 1).map((value) => Math.abs(value ?? 0))) <= limit / 2;
    if (isInOrder && lists.some((list) => list.some((value, n) => isFar(value ?? 0) && !isAlone(list, n)))) return null;
    return [low, high];
  };
})();
