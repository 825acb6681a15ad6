declare module 'asl-validator' {
  /** Validates a state machine definition. It writes `QueryLanguage` into each state of what it gets. */
  export default function validate(
    definition: unknown,
    options?: { readonly checkArn?: boolean; readonly checkPaths?: boolean },
  ): { readonly isValid: boolean; errorsText(separator?: string): string };
}
