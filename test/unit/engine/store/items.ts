/** So many items of a run, some of them large enough to need pages of their own. */
export function items(count: number, from = 0): { pk: string; sk: string; text: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const sk = `UNIT#${String(number).padStart(4, '0')}`;
    return { pk: 'RUN#r', sk, text: `${sk} `.repeat((number % 7) * 40 + 1) };
  });
}
