/** Phones, and tablets held upright, go to the vault with the page itself: popups are blocked or cramped there. */
export function shouldRedirect({ navigator, innerWidth, innerHeight }: Window): boolean {
  const isMobile = /Android|webOS|iPhone|iPad|iPod|BlackBerry|IEMobile|Opera Mini/i.test(navigator.userAgent);
  if (!isMobile && !(navigator.maxTouchPoints > 0 && innerWidth <= 768)) return false;
  return innerWidth <= 480 || (innerWidth <= 1024 && innerHeight > innerWidth);
}
