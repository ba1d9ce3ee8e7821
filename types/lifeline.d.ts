/**
 * Ends this process and its children when the process that asked has ended. That happens on a thread
 * of its own, because the project's code may keep the main one busy.
 */
export function endWithAsker(): void;
