/** Write a .br and a .gz beside every file of a folder that gains by it. */
export function press(folder: string): void;
