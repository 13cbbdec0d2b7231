/** How a driver's objects travel through the core without the core knowing the driver. */

/** Names a resource and carries its type. Made once by the adapter that owns the driver, compared by identity of `id`. */
export interface ResourceKey<R> {
  /** For messages: "pg client". */
  readonly name: string
  readonly id: symbol
  /** Never set: it only holds the type. */
  readonly type?: R
}

/** `Symbol.for` makes the key the same across two copies of the package. */
export function resourceKey<R>(name: string): ResourceKey<R> {
  return { name, id: Symbol.for(`batchwright.resource.${name}`) }
}

/** What a repository lends outside a chunk's transaction: a pool, a data source. Undefined where it has none. */
export interface Resources {
  readonly find: <R>(key: ResourceKey<R>) => R | undefined
}

/**
 * The transaction that holds a chunk's business writes, its counts, its checkpoint and the check of the lease. All
 * of them are committed, or none.
 */
export interface Transaction {
  /**
   * The driver's object inside this transaction.
   * @throws BatchError TRANSACTION_RESOURCE_MISSING where this repository's transaction has no such resource.
   */
  readonly resource: <R>(key: ResourceKey<R>) => R
  /** The same, undefined where it has none: for writers that can do without at a lower guarantee. */
  readonly find: <R>(key: ResourceKey<R>) => R | undefined
  /**
   * Keeps what `work` writes in this transaction when it resolves, and undoes that alone when it rejects: the transaction is
   * then as it was before, and goes on. What is checked at the commit, such as deferred constraints, is checked at the end of
   * `work`. May be nested, never overlaps; not to be had in a pipelined work.
   * @throws what `work` threw; BatchError REPOSITORY_UNAVAILABLE where the transaction cannot go on.
   */
  readonly savepoint: <R>(work: () => Promise<R>) => Promise<R>
}
