// Where the API answers: empty for the host that serves these files. A deployment on another host replaces this file.
export const api = "";
