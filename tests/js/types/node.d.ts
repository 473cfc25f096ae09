// The part of Node that the scripts' tests use. For the type check only; never shipped.

declare module "node:assert/strict" {
  interface Assert {
    equal(found: unknown, wanted: unknown, message?: string): void;
    notEqual(found: unknown, wanted: unknown, message?: string): void;
    deepEqual(found: unknown, wanted: unknown, message?: string): void;
    match(found: string, wanted: RegExp): void;
    ok(found: unknown, message?: string): asserts found;
    rejects(found: Promise<unknown>): Promise<void>;
  }
  const assert: Assert;
  export default assert;
}

declare module "node:test" {
  export function test(name: string, act: () => void | Promise<void>): void;
}

declare module "node:fs" {
  export function readFileSync(file: URL, encoding: "utf8"): string;
}

interface ImportMeta {
  url: string;
}
