export const themeKey = 'wheelhouse-theme';

/** Runs before React: puts the stored choice on the root element. */
export const themeScript = `try{var t=localStorage.getItem('${themeKey}');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}`;
