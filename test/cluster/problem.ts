/** Why the test cluster cannot be built or started, with what to do about it. Nothing is left running when it is thrown. */
export class ClusterProblem extends Error {
  /** One or two sentences: what the reader does next. */
  readonly remedy: string;

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(`${what}\nremedy: ${remedy}`, options);
    this.name = 'ClusterProblem';
    this.remedy = remedy;
  }
}
