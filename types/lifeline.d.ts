/**
 * Ends this process and its children when the parent has ended. It runs on its own thread, because
 * the project's code may block the main one.
 */
export function endWithAsker(): void;
