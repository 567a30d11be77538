/** Whether the page was built to answer itself. */
declare const __MOCK__: boolean;

declare module "*.css";
declare module "*.woff2" {
  const url: string;
  export default url;
}
