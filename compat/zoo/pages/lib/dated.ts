/** As many sites share it between pages: the build cannot see from a page's file when it revalidates. */
export function getStaticProps() {
  return { props: { text: "Revalidated every 30 seconds" }, revalidate: 30 };
}
