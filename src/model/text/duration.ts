/** Whole seconds in the largest two units: `45 s`, `3 min 5 s`, `2 h 4 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `gave up after 6 tries in 2 min 40 s`: what is said of an error that was tried again until nothing more was left to try. */
export function gaveUp(tries: number, milliseconds: number): string {
  return `gave up after ${tries} ${tries === 1 ? 'try' : 'tries'} in ${duration(milliseconds)}`;
}
