/**
 * Everything that can go wrong for a caller, as a closed set. The HTTP edge turns a code into a
 * problem response (RFC 9457), the command line into an exit code; rules only name the code.
 */
export const problems = {
  invalid_input: { status: 400, title: 'The request is not valid' },
  not_signed_in: { status: 401, title: 'Sign in first' },
  wrong_credentials: { status: 401, title: 'The credentials are wrong' },
  not_permitted: { status: 403, title: 'This is not permitted' },
  own_change: { status: 403, title: 'Nobody approves their own change' },
  cross_site_request: { status: 403, title: 'The request came from another site' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  conflict: { status: 409, title: 'The request does not fit the present state' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The content type or encoding is not supported' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong in the service' },
  unavailable: { status: 503, title: 'The service cannot take the request now' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** A place in the input and what is wrong with it; `pointer` is a JSON pointer (RFC 6901). */
export interface InputProblem {
  readonly pointer: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly cause?: unknown;
  readonly errors?: readonly InputProblem[];
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number;
}

/** The one error type that rules throw; `detail` says what was expected, what came and what to do. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly InputProblem[];
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return problems[this.code].status;
  }

  get title(): string {
    return problems[this.code].title;
  }
}
