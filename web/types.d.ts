// Types of the client, for `tsc` alone: no browser loads this file. Those of the contract are generated from openapi.json.

type Paths = import("pastpaper-contract").paths;
type Schemas = import("pastpaper-contract").components["schemas"];
type Of<K extends keyof Schemas> = Schemas[K];

/** The body of the answer to an operation. */
type AnswerOf<T> = T extends { responses: { 200: { content: { "application/json": infer R } } } } ? R : never;
/** The body of the request of an operation. */
type BodyOf<T> = T extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
/** The paths that have this method. */
type PathsWith<M extends "get" | "post" | "patch" | "delete"> = {
  [P in keyof Paths]: Paths[P] extends { [K in M]: object } ? P : never;
}[keyof Paths];

interface CallOptions {
  /** Values of the path's parameters. */
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** The Idempotency-Key. */
  key?: string;
  signal?: AbortSignal;
  accept?: string;
  /** Waits for a rate limit also when it takes long. */
  patient?: boolean;
}

interface Session {
  token: string;
  userId: string;
}

/** What an element may contain. */
type Child = Node | string | number | null | undefined | false | readonly Child[];
type Attributes = Record<string, unknown>;

interface Context {
  params: Record<string, string>;
  query: URLSearchParams;
  /** Aborted when another page is shown. */
  signal: AbortSignal;
}
interface Page {
  title: string;
  body: Child;
}
type Access = "open" | "signed in" | "signed out";
type Route = [pattern: string, access: Access, make: (context: Context) => Page | Promise<Page>];

interface Field {
  name: string;
  label: string;
  type?: string;
  autocomplete?: string;
  hint?: string;
  value?: string;
  optional?: boolean;
  min?: number;
  max?: number;
}

type Key = import("./texts.js").Key;
type Course = Of<"CourseView">;
type CurrentUser = Of<"CurrentUser">;
type Marked = Of<"Marked">;
type Midterm = Of<"Midterm">;
type Question = Of<"QuestionView">;
type Submission = Of<"Submission">;

/** What a student has answered. */
interface Given {
  answer?: string;
  answers?: Record<string, string>;
}
interface AnswerForm {
  element: HTMLElement;
  given(): Given | null;
  disable(): void;
}
