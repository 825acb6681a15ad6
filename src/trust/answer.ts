import type { Answer } from './types.ts';

/** Three-valued "and": one no decides. */
export function and(left: Answer, right: Answer): Answer {
  if (left === 'no' || right === 'no') return 'no';
  return left === 'yes' && right === 'yes' ? 'yes' : 'undecidable';
}

/** Three-valued "or": one yes decides. */
export function or(left: Answer, right: Answer): Answer {
  if (left === 'yes' || right === 'yes') return 'yes';
  return left === 'no' && right === 'no' ? 'no' : 'undecidable';
}

/** Three-valued "not". */
export function not(answer: Answer): Answer {
  if (answer === 'undecidable') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

/** The answer for a fact that is known. */
export function known(fact: boolean): Answer {
  return fact ? 'yes' : 'no';
}

/** "or" over a list; no for an empty one. */
export function some<Item>(items: readonly Item[], question: (item: Item) => Answer): Answer {
  let answer: Answer = 'no';
  for (const item of items) {
    answer = or(answer, question(item));
    if (answer === 'yes') break;
  }
  return answer;
}

/** "and" over a list; yes for an empty one. */
export function every<Item>(items: readonly Item[], question: (item: Item) => Answer): Answer {
  let answer: Answer = 'yes';
  for (const item of items) {
    answer = and(answer, question(item));
    if (answer === 'no') break;
  }
  return answer;
}
