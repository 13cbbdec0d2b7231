/** Where a process that we fork finds the function that makes its batch. */

/** How a worker process makes the batch that its manager has. */
export interface WorkerModule {
  /** Its path, or `import.meta.url`; JavaScript or TypeScript. */
  readonly module: string | URL
  /** The name of a function in it that makes the batch with `createBatch`. @default 'default' */
  readonly export?: string
  /** What that function is handed: JSON, and whatever else can be cloned. @default undefined */
  readonly argument?: unknown
}

/** The same as it crosses the channel. */
export interface ModulePlace extends Required<WorkerModule> {
  readonly module: string
}

export function modulePlace({ module, export: name = 'default', argument }: WorkerModule): ModulePlace {
  return { module: String(module), export: name, argument }
}
