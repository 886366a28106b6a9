import type { AlterError, Grant } from "./options.ts";

export interface Events {
  success: (grants: Grant[]) => void;
  error: (error: AlterError) => void;
  exit: () => void;
  close: () => void;
  event: (name: string, metadata: Record<string, unknown>) => void;
}

export interface Emitter {
  on<Name extends keyof Events>(name: Name, handler: Events[Name]): () => void;
  off<Name extends keyof Events>(name: Name, handler: Events[Name]): void;
  emit<Name extends keyof Events>(name: Name, ...values: Parameters<Events[Name]>): void;
  clear(): void;
}

/** A handler that throws does not keep the others from being called; its error surfaces as one of the page's own. */
export function createEmitter(): Emitter {
  const handlers = new Map<keyof Events, Set<(...values: never[]) => void>>();
  const emitter: Emitter = {
    on(name, handler) {
      const known = handlers.get(name) ?? new Set();
      handlers.set(name, known.add(handler));
      return () => emitter.off(name, handler);
    },
    off: (name, handler) => void handlers.get(name)?.delete(handler),
    emit(name, ...values) {
      for (const handler of handlers.get(name) ?? []) {
        try {
          (handler as (...all: unknown[]) => void)(...values);
        } catch (error) {
          reportError(error);
        }
      }
    },
    clear: () => handlers.clear(),
  };
  return emitter;
}
